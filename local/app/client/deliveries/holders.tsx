import type { Held, Name } from './delivery.ts'

type Thing = 'access_token' | 'refresh_token' | 'id_token'

const ROWS: readonly [Thing, string][] = [
  ['access_token', 'access token'],
  ['refresh_token', 'refresh token'],
  ['id_token', 'ID token'],
]

/** Where each is when it is not in the page. */
const ELSEWHERE: Record<Name, Record<Thing, string>> = {
  tokens: { access_token: 'nowhere else', refresh_token: 'nowhere else', id_token: 'nowhere else' },
  mediated: {
    access_token: 'in a sealed cookie too, for after a reload',
    refresh_token: 'in a sealed cookie, which no script can read',
    id_token: 'nowhere: Countersign has checked it and told the page its claims',
  },
  session: {
    access_token: 'in a sealed cookie; the gateway adds it to each call of the API',
    refresh_token: 'in a sealed cookie, which no script can read',
    id_token: 'nowhere: Countersign has checked it and told the page its claims',
  },
}

/** What lies where, as the page finds it: the beginning of what it has, and in words where the rest is. */
export function Holders({ name, held }: { name: Name; held: Held | undefined }) {
  return (
    <section aria-labelledby="holders-title">
      <h2 id="holders-title">Who holds what</h2>
      <table id="holders">
        <thead>
          <tr>
            <td />
            <th scope="col">this page</th>
            <th scope="col">elsewhere</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([thing, label]) => (
            <tr key={thing} data-thing={thing}>
              <th scope="row">{label}</th>
              <td>{beginning(held?.[thing])}</td>
              <td>{held ? ELSEWHERE[name][thing] : 'there is none before a sign-in'}</td>
            </tr>
          ))}
          <tr data-thing="private_key">
            <th scope="row">private key</th>
            <td>no</td>
            <td>in KMS, always</td>
          </tr>
        </tbody>
      </table>
    </section>
  )
}

function beginning(token: string | undefined): string {
  return token === undefined ? 'no' : `${token.slice(0, 8)}… (${token.length} characters)`
}
