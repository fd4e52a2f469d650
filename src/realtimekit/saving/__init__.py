"""The copy of one session: what is in it, in which state each part is, and where the bytes are kept.

`docs/saving.md` describes the files and the manifest. What to fetch, and in which order, is in
`realtimekit.resources.session_save`.
"""
