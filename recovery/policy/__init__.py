"""What may be sent to whom and when, as far as law and carriers say it. Pure: no models, no clock, no network."""
