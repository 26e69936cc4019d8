import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

import config.celery  # noqa: E402, F401  (bells are rung through it)

application = get_wsgi_application()
