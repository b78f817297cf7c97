// The page of another origin: does as it is told by whoever frames it, and says what it could read.

window.addEventListener('message', async ({ data, source, origin }) => {
  const { token_endpoint, form } = data as { token_endpoint: string; form: string }
  let read: string
  try {
    const response = await fetch(token_endpoint, { method: 'POST', body: new URLSearchParams(form) })
    read = `readable: ${response.status}`
  } catch (error) {
    read = String(error)
  }
  source?.postMessage(read, { targetOrigin: origin })
})
window.parent.postMessage('ready', '*')
