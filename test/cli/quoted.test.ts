import { expect, test } from 'vitest'
import { quoted } from '../../cli/quoted.ts'
import { wordsOf } from '../support/shell.ts'

test.each(['app; touch /tmp/x #', "it's", '$(id)', '`id`', '"', '\\', '', '~', '*', 'a\nb', '!', '&& x'])(
  '%j is one word to a shell, to the letter',
  word => {
    expect(wordsOf(`countersign ${quoted(word)} end`)).toEqual(['countersign', word, 'end'])
  },
)

test('what needs no quotes has none', () => {
  expect(quoted('arn:aws:kms:eu-central-1:000000000000:key/a-b')).toMatch(/^arn/)
})
