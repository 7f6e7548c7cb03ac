import { language } from './lines.ts'

const java = (program: string) => ['java', '-cp', '.build/classes:.build/lib/*', program] as const

export const alibabaPython = language('Python', 'alibaba-python', {
  client: ['.venv/bin/python', 'client.py'],
  sample: ['.venv/bin/python', 'sample_delete_user_certificate.py'],
})
export const alibabaGo = language('Go', 'alibaba-go', { client: ['.build/client'], sample: ['.build/sample'] })
export const alibabaJava = language('Java', 'alibaba-java', {
  client: java('Client'),
  sample: java('DeleteUserCertificateSample'),
})

export const huaweiGo = language('Go', 'huawei-go', { client: ['.build/client'], sample: ['.build/sample'] })
export const huaweiJava = language('Java', 'huawei-java', {
  client: java('Client'),
  sample: java('DeleteCertificateAuthoritySample'),
})
