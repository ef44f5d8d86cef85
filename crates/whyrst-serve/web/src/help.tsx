// Keys and the language of filters.

import { useEffect, useRef } from 'preact/hooks'
import { pick } from './language'

const KEYS: [string, string][] = [
  ['j, k', pick('next and previous reset', '下一个、上一个重置')],
  ['Enter', pick('open the reset', '打开这个重置')],
  ['Esc', pick('close it, leave the filter', '关闭，离开过滤框')],
  ['/', pick('filter', '过滤')],
  ['\u2191 \u2193', pick('from packet to packet in the ladder', '在报文之间移动')],
  ['f', pick('the open reset on the whole page', '整页显示打开的重置')],
  ['+ \u2212 0', pick('scale of the diagram that has the focus; Enter unfolds a burst', '获得焦点的图的比例；Enter 展开一串报文')],
  ['t', pick('light, dark, or as the system has it', '浅色、深色、跟随系统')],
  ['?', pick('this help', '本帮助')],
]

const FILTERS: [string, string][] = [
  ['10.0.0.2', pick('either end has this address; 10.0.0.0/8 and :443 likewise', '任意一端是这个地址；10.0.0.0/8、:443 同理')],
  ['nginx', pick('that text anywhere in the line; in double quotes whatever it is', '行内任意位置出现这段文字；双引号内一律按文字')],
  ['service:10.0.0.2:443', pick('also service:10.0.0.2 or service::443', '也可以是 service:10.0.0.2 或 service::443')],
  ['peer:10.0.0.1', pick('that client', '该客户端')],
  ['host:10.0.0.1', pick('either end; port:443 likewise', '任意一端；port:443 同理')],
  ['cause:close-unread cause:linger-zero', pick('one or the other', '两者之一')],
  ['family:aborted', pick('that shape of reset; also mechanism: and reason:', '这种形态的重置；还有 mechanism:、reason:')],
  ['-severity:benign', pick('all but these', '除此之外的全部')],
  ['port 443 or 8443', pick('as tcpdump has it: host, net, port, portrange, ip, ip6, and, or, not',
    '与 tcpdump 相同：host、net、port、portrange、ip、ip6、and、or、not')],
  ['port 443 and not (cause:close-* or peer:10.0.0.0/8)', pick('and, or, not and parentheses; * is any text', 'and、or、not 和括号；* 代表任意文字')],
  ['confidence:certain', pick('also origin:, phase:, kind:, ending:, process:, name:, source:',
    '还有 origin:、phase:、kind:、ending:、process:、name:、source:')],
  ['time:A..B', pick('between two times in UTC; dragging over the chart writes it',
    '两个 UTC 时间之间；在图上拖选也会写出它')],
]

export function Help({ close, about }: { close(): void; about: string | null }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="help" aria-label={pick('keys and filters', '按键与过滤')} onClose={close}
      onClick={(event) => event.target === dialog.current && close()}>
      <button type="button" class="close" onClick={close} aria-label={pick('close', '关闭')}>{'\u00d7'}</button>
      <h2>{pick('Keys', '按键')}</h2>
      <Table rows={KEYS} />
      <h2>{pick('Filters', '过滤')}</h2>
      <Table rows={FILTERS} />
      {about !== null && <p class="note">{about}</p>}
    </dialog>
  )
}

function Table({ rows }: { rows: [string, string][] }) {
  return <dl>{rows.map(([key, what]) => <div key={key}><dt>{key}</dt><dd>{what}</dd></div>)}</dl>
}
