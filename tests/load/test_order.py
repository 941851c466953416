from __future__ import annotations

from pathlib import Path

from codeblue.load import LoadPlan
from codeblue.load.order import Order


def order(folder: Path, source: str = "a", **fields: object) -> Order:
    folder.mkdir(exist_ok=True)
    (folder / "ping.py").write_text(source)
    plan = {"label": "x", "journeys": {"ping": 5}, "seconds": 1, **fields}
    return Order(
        plan=LoadPlan.model_validate(plan),
        run=str(folder),
        files={"ping": str(folder / "ping.py")},
    )


def test_equal_orders_on_two_machines_have_one_digest(tmp_path: Path) -> None:
    assert order(tmp_path / "a").digest == order(tmp_path / "b").digest
    assert order(tmp_path / "a").digest == order(tmp_path / "b", workers=4).digest


def test_another_seed_or_journey_has_another(tmp_path: Path) -> None:
    usual = order(tmp_path / "a").digest
    assert order(tmp_path / "b", seed=2).digest != usual
    assert order(tmp_path / "b", source="b").digest != usual
