/** How electron-builder makes the packages: docs/packaging.md. scripts/package/electron.mjs lays out what it packs. */

/** Meander shows text, so it can open it; it wants to be the default for none of it. */
const textTypes = ['text/plain', 'text/markdown', 'text/csv', 'application/jsonl'];
const notarizes = Boolean(process.env.APPLE_API_KEY || process.env.APPLE_ID);
const isMacSigned = Boolean(process.env.CSC_LINK || process.env.CSC_NAME);

export default {
  appId: 'org.meander.app',
  productName: 'Meander',
  copyright: 'MIT licence',
  directories: { app: 'stage/app', output: '.', buildResources: '../packaging/resources' },
  // A folder that holds Electron unpacked, where it cannot be fetched.
  electronDist: process.env.MEANDER_ELECTRON_DIST || undefined,
  electronVersion: process.env.MEANDER_ELECTRON_VERSION,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: electron-builder fills these in.
  artifactName: 'meander-${version}-${os}-${arch}.${ext}',
  asar: true,
  // Nothing in the archive is native; the addon was built against plain Node, which runs it.
  npmRebuild: false,
  nodeGypRebuild: false,
  files: ['**/*'],
  // Node, workers, addon and window stay outside of the archive: other processes read them (src/app/locate.ts).
  extraResources: [
    { from: 'stage/runtime', to: 'runtime' },
    // Of a folder, electron-builder leaves out the node_modules directly in it.
    { from: 'stage/runtime/node_modules', to: 'runtime/node_modules' },
  ],
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    // Turning fuses breaks the signature that Apple silicon demands.
    resetAdHocDarwinSignature: !isMacSigned,
  },
  // Nothing looks for updates.
  publish: null,
  protocols: [{ name: 'Meander run', schemes: ['meander'], role: 'Viewer' }],
  linux: {
    icon: '../resources/icons',
    category: 'Science',
    synopsis: 'Pre-train language models and average their weights',
    maintainer: 'Meander <meander@localhost>',
    executableName: 'meander-app',
    mimeTypes: ['inode/directory', ...textTypes],
    desktop: { entry: { StartupWMClass: 'Meander', Keywords: 'training;GPT-2;weight averaging;' } },
  },
  deb: { packageName: 'meander', packageCategory: 'science', fpm: ['--conflicts', 'meander-window'] },
  win: { icon: '../resources/icon.ico' },
  nsis: {
    oneClick: false,
    perMachine: false,
    allowElevation: true,
    allowToChangeInstallationDirectory: true,
    // Runs and datasets are the user's.
    deleteAppDataOnUninstall: false,
    include: '../packaging/installer.nsh',
  },
  mac: {
    icon: '../resources/icon.icns',
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    gatekeeperAssess: false,
    entitlements: '../packaging/entitlements.plist',
    entitlementsInherit: '../packaging/entitlements.plist',
    // Without a certificate: for this machine alone.
    identity: isMacSigned ? undefined : '-',
    notarize: notarizes,
    extendInfo: {
      CFBundleDocumentTypes: [
        {
          CFBundleTypeName: 'Text, or a run of Meander',
          CFBundleTypeRole: 'Viewer',
          LSHandlerRank: 'Alternate',
          LSItemContentTypes: ['public.folder', 'public.text'],
        },
      ],
    },
  },
};
