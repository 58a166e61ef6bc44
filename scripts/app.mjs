/**
 * Opens the app where it is installed as it was built, with a Chromium-family browser as its window (`meander-app` of
 * the package deb-window). Arguments: files and folders of text, runs, meander:// links.
 */
import { hasDisplay, runHost } from './lib/app-window.mjs';
import { findBrowser } from './lib/browser.mjs';

const things = process.argv.slice(2);
runHost({ browser: hasDisplay() ? findBrowser() : null, env: process.env, things });
