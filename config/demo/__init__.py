"""A small shop with synthetic data, and the development mailbox: the whole loop on one screen. Development only.

The shop is a stranger here. It knows Cartback by an address and a secret, speaks to it by signed webhooks alone, and
keeps its own carts in Redis. Nothing in this folder may read or write Cartback's rows. Only its till asks Cartback what
a discount code is worth: a real shop made its codes itself, and this one has nobody who could.
"""
