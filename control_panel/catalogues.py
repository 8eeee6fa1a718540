"""`python -m control_panel.catalogues` brings the .po files up to date with the texts in code and templates."""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from control_panel.i18n import SOURCE

ROOM = Path(__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "pgettext": ((1, "c"), 2),
}


def extract() -> Catalog:
    """Return every text of the panel, as found in its code and templates."""
    template = Catalog(project="voice-campaign-dialer", charset="utf-8")
    found = extract_from_dir(str(ROOM), METHODS, OPTIONS, KEYWORDS)
    for file_name, line, message, _comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        del line  # line numbers would change the catalogues with every edit
        template.add(message, locations=[(Path(file_name).as_posix(), 0)], context=context)
    return template


def read(language: str) -> Catalog:
    """Return a language's catalogue."""
    with catalogue_path(language).open("rb") as text:
        return read_po(text, locale=language)


def catalogue_path(language: str) -> Path:
    """Return where a language's catalogue lies."""
    return SOURCE / language / "LC_MESSAGES" / "messages.po"


def main() -> int:
    """Update every catalogue; print how many texts lack a translation."""
    template = extract()
    for folder in sorted(SOURCE.iterdir()):
        language = folder.name
        catalogue = read(language)
        made_at = catalogue.creation_date
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.creation_date = made_at  # a date of its own would change the file with every run
        catalogue.obsolete.clear()
        with catalogue_path(language).open("wb") as out:
            write_po(out, catalogue, width=110, no_location=True, sort_output=True)
        sys.stdout.write(f"{language}: {len(catalogue)} texts, {len(untranslated(catalogue))} untranslated\n")
    return 0


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts that lack a translation, or one of its plural forms."""
    return [
        str(message.id)
        for message in catalogue
        if message.id and not all((message.string,) if isinstance(message.string, str) else message.string or ("",))
    ]


if __name__ == "__main__":
    sys.exit(main())
