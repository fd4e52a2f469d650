"""The copy of one session: its manifest, with the state of each artifact, and the store of its files.

`docs/saving.md` describes the files and the manifest. What to fetch, and in which order, is in
`realtimekit.resources.session_save`.
"""
