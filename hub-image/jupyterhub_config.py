"""The hub's configuration: jhos's defaults, the user's files over them, then what those leave open.

The user's files run in this namespace: they see `c` as set so far, `application_name`,
`settings` and `get_secret(KEY)`.
"""

from jhos_hub import load, mounts

c = get_config()
settings = mounts.settings()
application_name = settings["name"]

get_secret = mounts.secret
load.defaults(c, settings, mounts.secrets())
for path in mounts.user_files():
    exec(compile(path.read_text(), str(path), "exec"))
load.completion(c, settings, mounts.secrets())
