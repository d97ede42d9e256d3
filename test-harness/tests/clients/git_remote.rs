//! git itself, with a remote that wants a password.
//!
//! git has the password stored that was right, each time, so it asks for two keys: one to read it, one to store it again.

use crate::fates::{Deed, complains, ends, fates};

/// A remote is listed. What answers for it, as the proxy that git is told to take, lets in who says `ada:hunter2`.
const LIST: Deed = Deed {
    before: "printf 'protocol=http\nhost=git.example.org\nusername=ada\npassword=hunter2\n' |
        $CLIENTS/git-credential-libsecret store",
    does: "$CLIENTS/python/bin/python -c '
import base64, http.server, sys
class Remote(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = \"Basic \" + base64.b64encode(b\"ada:hunter2\").decode() == self.headers[\"Authorization\"]
        body = b\"0123456789012345678901234567890123456789\\trefs/heads/main\\n\" if known else b\"\"
        self.send_response(200 if known else 401)
        if not known:
            self.send_header(\"WWW-Authenticate\", \"Basic realm=it\")
        self.send_header(\"Content-Type\", \"text/plain\")
        self.send_header(\"Content-Length\", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
server = http.server.HTTPServer((\"127.0.0.1\", 0), Remote)
print(server.server_port, flush=True)
server.serve_forever()' > port &
        server=$!; until test -s port; do sleep 0.05; done
        GIT_TERMINAL_PROMPT=0 git -c http.proxy=http://127.0.0.1:$(cat port) \
            -c credential.helper=$CLIENTS/git-credential-libsecret ls-remote http://git.example.org/it
        status=$?; kill $server; exit $status",
    approved: ends(0, "0123456789012345678901234567890123456789\trefs/heads/main\n"),
    denied: complains(128, "", "could not read Password for 'http://ada@git.example.org'"),
    expired: complains(128, "", "could not read Password for 'http://ada@git.example.org'"),
    look: "secret-tool lookup server git.example.org",
    after: "hunter2",
    untouched: "hunter2",
};

fates!(LIST,
    approved: a_remote_is_listed_with_the_password_of_the_keyring_after_a_yes,
    denied: a_remote_is_not_listed_after_a_no_and_the_password_stays,
    expired: a_remote_is_not_listed_when_nobody_answers_and_the_password_stays,
    killed: the_ask_of_a_killed_git_leaves_the_screen);
