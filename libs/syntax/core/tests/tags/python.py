import os
from typing import Any

LIMIT: int = 3
name = "x"
name = "y"
first, second = 1, 2
_private = 0
type Alias = list[int]


@decorator(arg)
class Shape(Base, metaclass=Meta):
    """A shape."""

    count = 0
    SIDES: int = 4

    def __init__(self, name: str, *, size: int = 0) -> None:
        self.name = name
        self.size = size
        local = 1

    @property
    def area(self) -> float:  # of it all
        self.name = "again"
        return self.size * LIMIT

    async def _draw(
        self,
        canvas: "Canvas",
    ) -> None:
        def inner():
            pass

        await canvas.draw(self)

    class Nested:
        def deep(self):
            pass


if os.name == "nt":
    def plain():
        pass
else:
    def plain(a, b=1):
        return a
