"""A small clinical API, correct unless defects are planted: ``sample_api.py PORT DEFECT...``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

TOKEN = "sample-token-that-must-not-leak"
PATIENTS = {f"p{number}": "Ada" for number in range(10)}

bearer = HTTPBearer(auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


class Order(BaseModel):
    patient: str
    code: Annotated[str, Field(min_length=1, max_length=20)]
    quantity: Annotated[int, Field(ge=1, le=1000)]


class Patient(BaseModel):
    id: str
    family: str


class Failure(BaseModel):
    detail: Any


def signed_in(credentials: Credentials) -> None:
    if credentials is None or credentials.credentials != TOKEN:
        raise HTTPException(401, "credentials are required", {"WWW-Authenticate": "Bearer"})


def declared_only(credentials: Credentials) -> None:
    del credentials


def create_app(defects: frozenset[str]) -> FastAPI:
    app = FastAPI(responses={code: {"model": Failure} for code in (401, 404, 409, 412, 428, 503)})
    add_patients(app, defects)
    add_orders(app, defects)
    add_registration(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/insurer", dependencies=[Depends(signed_in)])
    def insurer() -> Patient:
        raise HTTPException(502 if "outage" in defects else 503, "the insurer does not answer")

    return app


def add_patients(app: FastAPI, defects: frozenset[str]) -> None:
    guard = declared_only if "open" in defects else signed_in
    media_type = "text/html" if "media-type" in defects else "application/json"

    @app.get("/fhir/Patient/{patient}", dependencies=[Depends(guard)], response_model=Patient)
    def read(patient: str) -> Any:
        if patient not in PATIENTS:
            raise HTTPException(404, "no such patient")
        family = None if "schema" in defects else PATIENTS[patient]
        return Response(json.dumps({"id": patient, "family": family}), media_type=media_type)

    @app.put("/fhir/Patient/{patient}", dependencies=[Depends(signed_in)])
    def update(
        patient: str, body: Patient, if_match: Annotated[str | None, Header()] = None
    ) -> Patient:
        if patient not in PATIENTS:
            raise HTTPException(404, "no such patient")
        if if_match is None:
            raise HTTPException(428, "If-Match is required")
        raise HTTPException(412, "somebody was faster")


def add_registration(app: FastAPI) -> None:
    @app.post("/v1/fhir/Patient", status_code=201, include_in_schema=False)
    async def register(_: Annotated[None, Depends(signed_in)]) -> Patient:
        patient = f"p{len(PATIENTS)}"
        PATIENTS[patient] = "Ada"
        return Patient(id=patient, family="Ada")


def add_orders(app: FastAPI, defects: frozenset[str]) -> None:
    @app.post("/orders", status_code=201, dependencies=[Depends(signed_in)])
    async def order(body: Order) -> Order:
        if body.patient not in PATIENTS:
            raise HTTPException(409, "no such patient")
        if "crash" in defects and not body.code.isascii():
            raise ZeroDivisionError
        if "exit" in defects and not body.code.isascii():
            os._exit(1)
        if "hang" in defects:
            await asyncio.sleep(60)
        return body


if __name__ == "__main__":
    port, *planted = sys.argv[1:]
    uvicorn.run(create_app(frozenset(planted)), port=int(port), log_level="warning")
