"""Any other store: our own small JSON, signed as Standard Webhooks 1.0.0 says."""
