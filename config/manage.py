"""manage.py de Django ; démarre d'abord la base embarquée quand aucune n'est fournie."""

import os
import sys

SANS_BASE = {"help", "version", "check", "collectstatic", "compilemessages", "apparier"}


def assurer_base() -> None:
    if os.environ.get("DATABASE_URL"):
        return
    from config import base_embarquee

    try:
        base_embarquee.demarrer()
        base_embarquee.creer_si_absente(base_embarquee.PRINCIPALE, os.environ.get("CONUM_BASE", "conum"))
    except base_embarquee.BaseIndisponible as erreur:
        print(erreur, file=sys.stderr)
        raise SystemExit(1) from None


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] not in SANS_BASE:
        assurer_base()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["bin/manage", *sys.argv[1:]])


if __name__ == "__main__":
    main()
