"""An RTSP camera, by GStreamer: run with the system's Python, which has its bindings.

    /usr/bin/python3 rtsp_server.py PORT PLACE FPS [USER PASSWORD]

Plays PLACE at rtsp://127.0.0.1:PORT/live, and prints `ready`: the pictures `000000.jpg` ... of a
folder as H.264, over and over, or a file `.mp4` of H.264 as it is, once.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def launch_line(place, fps):
    if Path(place).is_dir():
        return encoding(place, fps)
    return f"( filesrc location={place} ! qtdemux ! rtph264pay name=pay0 config-interval=-1 )"


def encoding(folder, fps):
    last = len(list(Path(folder).glob("*.jpg"))) - 1
    return (
        f"( multifilesrc location={folder}/%06d.jpg start-index=0 stop-index={last} loop=true "
        f"caps=image/jpeg,framerate={fps}/1 ! jpegdec ! videoconvert ! video/x-raw,format=I420 ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={fps} bitrate=1500 "
        "! rtph264pay name=pay0 config-interval=1 )"
    )


def main(port, place, fps, *account):
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch_line(place, fps))
    factory.set_shared(True)
    if account:
        protect(server, factory, *account)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    print("ready", flush=True)
    GLib.MainLoop().run()


def protect(server, factory, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)


if __name__ == "__main__":
    main(*sys.argv[1:])
