# A token request of a native app: ruby-rest-client.rb <token endpoint> <code> <code_verifier>
require 'rest-client'

url, code, code_verifier = ARGV
puts RestClient.post(
  url,
  grant_type: 'authorization_code',
  client_id: 'app-1',
  code: code,
  redirect_uri: 'com.example.app:/callback',
  code_verifier: code_verifier
).body
