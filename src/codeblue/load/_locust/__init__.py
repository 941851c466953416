"""What runs inside the Locust process. The parent never imports this package."""
