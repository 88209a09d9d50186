// Une clé d'accès refusée ou annulée se dit à l'écran : le script d'allauth ne l'écrit que dans la console.
document.addEventListener('allauth.error', function (evenement) {
  const message = document.getElementById('erreur-cle')
  if (message) {
    evenement.preventDefault()
    message.hidden = false
  }
})
