import { createCookieJar } from './cookie-jar.ts'
import { findForm, send } from './sign-in.ts'

/** Types the code, compares it and signs in, as the user of a device does. */
export async function approveDevice(verification_uri: string, user_code: string): Promise<void> {
  const jar = createCookieJar()
  const visit = async (
    target: string,
    fields?: Record<string, string>,
  ): Promise<{ url: string; body: string }> => {
    const url = new URL(target)
    const answer = await send(target, {
      method: fields ? 'POST' : 'GET',
      headers: {
        cookie: jar.headerFor(url),
        ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(fields && { body: new URLSearchParams(fields).toString() }),
    })
    jar.keepAll(url, answer.headers['set-cookie'] ?? [])
    const { location } = answer.headers
    return location === undefined ? { url: target, body: answer.body } : visit(new URL(location, url).href)
  }
  const press = ({ url, body }: { url: string; body: string }, fields: Record<string, string> = {}) => {
    const form = findForm(body, url)!
    return visit(form.action, { ...form.fields, ...fields })
  }
  const confirm = await press(await visit(verification_uri), { user_code })
  const login = await press(confirm)
  const connected = await press(login, { username: 'bob', password: 'x' })
  if (!connected.body.includes('Device connected')) throw new Error('the device was not connected')
}
