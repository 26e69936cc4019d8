"""The pages of the report. Each is a function: what is asked becomes sections."""
