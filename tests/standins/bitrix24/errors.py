"""What the portal answers when it refuses."""


class Refused(Exception):
    """The portal's error: HTTP status, `error`, `error_description`."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description
