# A token request of a native app: python-urllib.py <token endpoint> <code> <code_verifier>
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

url, code, code_verifier = sys.argv[1:]
form = {
    "grant_type": "authorization_code",
    "client_id": "app-1",
    "code": code,
    "redirect_uri": "com.example.app:/callback",
    "code_verifier": code_verifier,
}
with urlopen(url, urlencode(form).encode()) as response:
    print(response.read().decode())
