"""Call quality: the peer report as typed records, what it adds up to, and what went wrong in a call.

`report` holds the records, `tracks` their numbers as columns, `summary` and `problems` what follows from them,
`gather` the reports of a whole session, `frames` the samples as a DataFrame. Nothing is loaded before it is used.
"""
