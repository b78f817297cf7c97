// Run before every script, in syntax that any Node reads: the scripts are TypeScript, which Node runs
// natively from 22.18 on. npm installs Node 24 beside the project where a package for the platform exists.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `countersign needs Node 22.18 or later to run its scripts; this is ${process.versions.node}. ` +
      'npm installs Node 24 beside the project on Linux and Windows (not with --omit=optional); ' +
      'elsewhere, install it yourself.',
  )
  process.exit(1)
}
