# A token request of a native app: curl.sh <token endpoint> <code> <code_verifier>
exec curl --silent --show-error \
  --data grant_type=authorization_code \
  --data client_id=app-1 \
  --data-urlencode "code=$2" \
  --data-urlencode redirect_uri=com.example.app:/callback \
  --data-urlencode "code_verifier=$3" \
  "$1"
