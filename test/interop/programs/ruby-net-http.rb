# A token request of a native app: ruby-net-http.rb <token endpoint> <code> <code_verifier>
require 'net/http'

url, code, code_verifier = ARGV
puts Net::HTTP.post_form(
  URI(url),
  'grant_type' => 'authorization_code',
  'client_id' => 'app-1',
  'code' => code,
  'redirect_uri' => 'com.example.app:/callback',
  'code_verifier' => code_verifier
).body
