// Le pair de ProConnect dans les essais : oidc-provider, certifié, avec des bascules pour mentir sur commande.
// node serveur.mjs <adresse de retour> <retour de déconnexion> ; écrit son émetteur sur la première ligne.
// POST /essai {sub, email, …, bascule} : qui se connectera, et le mensonge du prochain jeton.
import http from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'
import { SignJWT, decodeJwt, importJWK } from 'jose'

const [retour, retourDeconnexion] = process.argv.slice(2)
const serveur = http.createServer()
await new Promise((pret) => serveur.listen(0, '127.0.0.1', pret))
const emetteur = `http://127.0.0.1:${serveur.address().port}`

const paire = () => ({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'essai', alg: 'RS256', use: 'sig' })
const cle = paire()
const autreCle = paire()
const essai = { sub: 'inconnu', email: 'inconnu@exemple.fr', bascule: '', demandes: [] }

const provider = new Provider(emetteur, {
  clients: [{
    client_id: 'conum',
    client_secret: 'secret-d-essai',
    redirect_uris: [retour],
    post_logout_redirect_uris: [retourDeconnexion],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    userinfo_signed_response_alg: 'RS256'
  }],
  jwks: { keys: [cle] },
  cookies: { keys: ['essai'] },
  pkce: { required: () => true },
  scopes: ['openid', 'email', 'given_name', 'usual_name'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], given_name: ['given_name'], usual_name: ['usual_name'] },
  acrValues: ['eidas1'],
  features: {
    devInteractions: { enabled: false },
    jwtUserinfo: { enabled: true },
    rpInitiatedLogout: { enabled: true }
  },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({
      sub,
      email: essai.email,
      email_verified: essai.email_verified,
      given_name: 'Camille',
      usual_name: 'Martin'
    })
  }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant (ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
    grant.addOIDCScope('openid email given_name usual_name')
    await grant.save()
    return grant
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 }
})

async function mentir (jeton, userinfo) {
  const contenu = decodeJwt(jeton)
  const maintenant = Math.floor(Date.now() / 1000)
  const mensonges = {
    'mauvais-destinataire': { aud: 'un-autre-service' },
    'mauvais-emetteur': { iss: 'https://faux.example' },
    'jeton-perime': { iat: maintenant - 7200, exp: maintenant - 3600 },
    'mauvais-nonce': { nonce: 'autre' },
    'sans-nonce': { nonce: undefined },
    'autre-sujet': { sub: 'un-autre' },
    'mauvaise-signature': {},
    'sans-signature': {}
  }
  const bascule = userinfo ? essai.bascule.replace('userinfo-', '') : essai.bascule
  const mensonge = userinfo === essai.bascule.startsWith('userinfo-') && mensonges[bascule]
  if (!mensonge) return jeton
  const faux = { ...contenu, ...mensonge }
  if (bascule === 'sans-signature') {
    const morceau = (objet) => Buffer.from(JSON.stringify(objet)).toString('base64url')
    return `${morceau({ alg: 'none', kid: 'essai' })}.${morceau(faux)}.`
  }
  const signature = await importJWK(bascule === 'mauvaise-signature' ? autreCle : cle, 'RS256')
  return new SignJWT(faux).setProtectedHeader({ alg: 'RS256', kid: 'essai' }).sign(signature)
}

provider.use(async (ctx, next) => {
  await next()
  if (ctx.oidc?.route === 'authorization') essai.demandes.push({ ...ctx.query })
  if (ctx.oidc?.route === 'token' && ctx.body?.id_token) ctx.body.id_token = await mentir(ctx.body.id_token, false)
  if (ctx.oidc?.route === 'userinfo' && typeof ctx.body === 'string') ctx.body = await mentir(ctx.body, true)
})

const repondre = provider.callback()
serveur.on('request', async (req, res) => {
  if (req.url === '/essai') {
    let corps = ''
    for await (const morceau of req) corps += morceau
    if (req.method === 'POST') Object.assign(essai, { bascule: '', email_verified: undefined, demandes: [] }, JSON.parse(corps))
    res.setHeader('Content-Type', 'application/json')
    return res.end(JSON.stringify(essai))
  }
  if (req.url.startsWith('/interaction/')) {
    return provider.interactionFinished(req, res, { login: { accountId: essai.sub } }, { mergeWithLastSubmission: false })
  }
  return repondre(req, res)
})
console.log(emetteur)
