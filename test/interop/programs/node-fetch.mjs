// A token request of a native app: node-fetch.mjs <token endpoint> <code> <code_verifier>
const [url, code, code_verifier] = process.argv.slice(2)
const body = new URLSearchParams({
  grant_type: 'authorization_code',
  client_id: 'app-1',
  code,
  redirect_uri: 'com.example.app:/callback',
  code_verifier,
})
const response = await fetch(url, { method: 'POST', body })
console.log(await response.text())
