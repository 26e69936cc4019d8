import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401  (bells are rung through it)
from config.lib.garbage import set_aside

application = get_wsgi_application()
set_aside()
