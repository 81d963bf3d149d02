"""Zeek's records to counted rows: one module a stage, in the order of the data's way."""
