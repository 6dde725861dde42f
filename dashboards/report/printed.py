"""A page on paper and a picture, by WeasyPrint and PDFium: the extra `didban[report]`. Fetches nothing."""

from __future__ import annotations

import importlib
import importlib.util
import io
import logging
from typing import Any, NoReturn

NEEDS = ("weasyprint", "pypdfium2")
LIBRARIES = "Pango (Debian: libpangoft2-1.0-0)"
SIZE = (1200, 675)
_DPI = 96 / 72  # a CSS pixel is 1/96 inch, a point of PDF 1/72


def lacking() -> list[str]:
    """What is not installed; with any of it missing there is neither."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if not missing:
        try:
            importlib.import_module("weasyprint")
        except OSError:  # it is there, and the libraries it calls are not
            missing.append(LIBRARIES)
    return missing


def pdf(html: str) -> bytes:
    """As it would be printed on A4."""
    from weasyprint import HTML

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # of CSS that only screens know
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    made: bytes = HTML(string=html, url_fetcher=_nothing).write_pdf()
    return made


def png(html: str) -> bytes:
    """The first page, one pixel to a CSS pixel."""
    import pypdfium2

    page: Any = pypdfium2.PdfDocument(pdf(html))[0]
    image = page.render(scale=_DPI).to_pil().convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _nothing(url: str, *args: object, **options: object) -> NoReturn:
    raise ValueError(f"a dossier asks for nothing outside itself: {url}")
