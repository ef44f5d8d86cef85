# Two requests through one session: `client.py URL PAUSE METHOD`.
import sys, time
import requests

url, pause, method = sys.argv[1], float(sys.argv[2]), sys.argv[3]
session = requests.Session()
for number, way in enumerate(["GET", method]):
    if number:
        time.sleep(pause)
    try:
        data = b"x" * 1_000_000 if way == "POST" else None
        print("ok", session.request(way, url, data=data, timeout=8).status_code, flush=True)
    except requests.RequestException as error:
        print("error", type(error).__name__ + ":", error, flush=True)
