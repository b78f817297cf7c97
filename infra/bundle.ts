import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

// The build is loaded when something is built, so that other commands run without it, and on any Node: called
// without npx, the framework may run on one that takes no TypeScript. For the same reason this file has no types.
async function build() {
  require('./node-version.cjs')
  await (await import('./build.ts')).build()
}

/** The packaging plugin of serverless.yml: what is about to be zipped is built first. */
export default class Bundle {
  hooks = {
    // package, and deploy, which packages
    'before:package:createDeploymentArtifacts': build,
    // deploy function
    'before:package:function:package': build,
  }
}
