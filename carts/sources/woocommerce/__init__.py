"""WooCommerce: core webhooks, and those that Tyche's Abandoned Cart plugin adds to them."""
