// The page as the README shows it: node e2e/picture.mjs WHYRST PICTURE CAPTURE...

import { launch, open, serve } from './browser.mjs'

const [program, picture, ...captures] = process.argv.slice(2)
const browser = await launch()
const served = await serve(program, ...captures)
try {
  const { page } = await open(browser, `${served.url}#show=resets`, { viewport: { width: 1240, height: 800 }, colorScheme: 'light' })
  await page.locator('.line[id^=row-]:has(.ends)').nth(1).waitFor()
  await page.waitForFunction(async () => {
    const { sources } = await (await fetch('/api/overview', { headers: { authorization: `Bearer ${localStorage.getItem('whyrst-token')}` } })).json()
    return sources.every(({ state }) => state === 'done')
  })
  await page.keyboard.press('j')
  await page.locator('.detail .ladder svg').waitFor()
  await page.screenshot({ path: picture })
} finally {
  served.stop()
  await browser.close()
}
