#!/usr/bin/env python3
"""A web server on loopback for the tests of `fetch`, with the manners, good and bad, that servers have.

usage: web_server.py FOLDER LOG

Prints its port and serves the files of FOLDER as /MANNER/NAME until its standard input closes. MANNER is
  plain    honours Range
  whole    ignores Range and sends everything
  breaks   closes the connection after 100,000 bytes of each answer
  dies     likewise, and then ends the whole server
  hangs    sends 1,000 bytes and nothing more, the connection open
  endless  sends zeros until nobody listens any more
  wrong    sends other bytes, as many as the file has
Appends one line for each request to LOG: manner, name and the first byte asked for.
"""
import http.server
import os
import pathlib
import re
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    folder = log = None

    def do_GET(self):
        manner, _, name = self.path.strip("/").partition("/")
        begin = int((re.match(r"bytes=(\d+)-$", self.headers.get("Range", "")) or [0, 0])[1])
        with open(self.log, "a") as log:
            print(manner, name, begin, file=log)
        path = self.folder / name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        if manner == "wrong":
            content = bytes(byte ^ 1 for byte in content)
        if manner == "whole" or begin == 0:
            self.send_response(200)
            begin = 0
        elif begin >= len(content):
            self.send_error(416)
            return
        else:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if manner == "endless":
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 16))
            except OSError:
                self.close_connection = True
            return
        content = content[begin:]
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        limit = {"breaks": 100_000, "dies": 100_000, "hangs": 1_000}.get(manner, len(content))
        self.wfile.write(content[:limit])
        self.wfile.flush()
        if manner == "dies":
            self.connection.close()
            os._exit(0)
        if manner == "hangs":
            threading.Event().wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


def main():
    Handler.folder, Handler.log = map(pathlib.Path, sys.argv[1:])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)  # whatever hangs, hangs no longer


if __name__ == "__main__":
    main()
