// Written into the page by the server that serves it.

interface Configuration {
  url: string
  client_id: string
  api: string
}

export const { url, client_id, api }: Configuration = JSON.parse(
  document.querySelector('#configuration')!.textContent!,
)
