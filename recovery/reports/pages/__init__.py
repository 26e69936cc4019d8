"""The pages of the report. Each is a function: what is asked, and the same of the period before, become sections."""
