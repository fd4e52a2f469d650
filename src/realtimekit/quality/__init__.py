"""Call quality: the peer report as typed records, its summary, and its findings (what went wrong in a call).

`peer_report` holds the records, `tracks` their samples as columns of numbers, `summary` and `findings` what is computed
from these, `events` groups the findings, and `dataframes` has the samples as a DataFrame. Modules are loaded when they
are first used.
"""
