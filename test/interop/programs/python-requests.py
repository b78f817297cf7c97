# A token request of a native app: python-requests.py <token endpoint> <code> <code_verifier>
import sys

import requests

url, code, code_verifier = sys.argv[1:]
form = {
    "grant_type": "authorization_code",
    "client_id": "app-1",
    "code": code,
    "redirect_uri": "com.example.app:/callback",
    "code_verifier": code_verifier,
}
print(requests.post(url, data=form).text)
