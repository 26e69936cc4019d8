from django.urls import path

from config.demo import mailbox, shop

app_name = "demo"
urlpatterns = [
    path("", shop.shelf, name="shelf"),
    path("product/<slug:slug>/", shop.product, name="product"),
    path("cart/", shop.cart, name="cart"),
    path("cart-code/", shop.code, name="code"),
    path("cart/<slug:slug>/", shop.change, name="change"),
    path("checkout/", shop.checkout, name="checkout"),
    path("checkout/payment/", shop.payment, name="payment"),
    path("checkout/pay/", shop.pay, name="pay"),
    path("thanks/", shop.thanks, name="thanks"),
    path("restore/<str:token>/", shop.restore, name="restore"),
    path("start-over/", shop.start_over, name="start_over"),
    path("happened/", shop.happened, name="happened"),
    path("mailbox/", mailbox.inbox, name="mailbox"),
    path("mailbox/list/", mailbox.listing, name="letters"),
    path("mailbox/<str:name>/", mailbox.message, name="letter"),
    path("mailbox/<str:name>/talk/", mailbox.talk, name="talk"),
    path("mailbox/<str:name>/html/", mailbox.document, name="document"),
]
