const { execFileSync } = require('node:child_process')
const { join } = require('node:path')
const { nodePath } = require('./node.cjs')

// In a process of its own, so that it does not matter which Node the framework runs on.
function build() {
  execFileSync(nodePath(), [join(__dirname, 'build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** The packaging plugin of serverless.yml: what is about to be zipped is built first. */
module.exports = class Bundle {
  hooks = {
    // package, and deploy, which packages
    'before:package:createDeploymentArtifacts': build,
    // deploy function
    'before:package:function:package': build,
  }
}
