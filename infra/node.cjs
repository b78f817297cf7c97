// Which Node runs the scripts. They are TypeScript, which Node runs as it is from 22.18 on; this file is read by any
// Node. npm installs Node 24 beside the project where there is a package of it for the platform. It is looked up by
// its package and not in node_modules/.bin: npm 10, which comes with Node 20, leaves that link out.

/** @returns {string} the path of a Node that is new enough @throws where there is none */
function nodePath() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  try {
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`)
  } catch {
    throw new Error(
      `countersign needs Node 22.18 or later to run its scripts; this is ${process.versions.node}. On Linux npm ` +
        'installs one beside the project (not with --omit=optional); elsewhere, install it yourself.',
    )
  }
}

module.exports = { nodePath }

if (require.main === module) {
  try {
    console.log(nodePath())
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}
