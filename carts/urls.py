from django.urls import path

from carts.inbox.views import receive

urlpatterns = [path("<slug:slug>/", receive, name="webhook")]
