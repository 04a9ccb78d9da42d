"""The services of Apprise that messages may go to.

All of them are reached over HTTP, or are mail. What Apprise has beyond them is left out on purpose:
desktops, system logs, devices, commands, files, other protocols, and whatever a newer Apprise adds,
until somebody has looked at it.
"""

from __future__ import annotations

_SCHEMES = """
46elks acs apprise apprises atalk awswhatsapp azure bale bark barks betterstack bluesky brevo bsky
bulksms bulkvs burstsms chanify clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot
eight00com elks emby embys enigma2 enigma2s evolution evolutions exotel feishu firehydrant flock
flowtriq flowtriqs fluxer fluxers form forms freemobile gchat github goalert goalerts gorush
gorushs gotify gotifys groundmail groupme guilded gupshup hassio hassios httpsms humhub humhubs
ifttt ilert incidentio infobip instagram jellyfin jellyfins jira join json jsons kakao kakaotalk
kaleyra kavenegar klr kodi kodis kook kudosity kumulos lametric lametrics lark lauther lfg line
mailersend mailgun mailto mailtos mastodon mastodons matrix matrixs misskey misskeys mmost mmosts
mobilemessage mobilemsg msg91 msgbird ncloud nclouds nctalk nctalks nexmo notica noticas notifiarr
notifico notificos notifyapp notifyre ntfy ntfys o365 octopush onebot onebots onesignal opsgenie
opsimate opsimates pagerduty pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets
plivo postmark pover prowl psafer psafers push pushdeer pushdeers pushed pushme pushplus pushward
pushy qq reddit resend revolt ringc rocket rockets ryver schan sendgrid sendpulse serwersms ses
seven sfr signal signalgrid signals signl4 simplepush sinch slack smsc smseagle smseagles
smsmanager smsmgr smstunnel smtp2go sns sparkpost spike splunk spugpush spush squadcast stackfield
strmlabs synology synologys telesign telnyx tgram threema toot toots trigv trigvs tweet twilio
twist twitter viber victorops voipms vonage webex wechat wecom wecombot whapi whatsapp workflow
workflows wpush wxpusher wxteams x xbmc xbmcs xmatters xml xmls youlmk zalo zcliq zohocliq zoom
zulip
"""
SERVICES = frozenset(_SCHEMES.split())
"""Schemes of their addresses."""

REFUSED_PARAMETERS = frozenset(
    {"attach", "keyfile", "pgp", "pgpprv", "pgppub", "redirect", "subfile", "template", "wkd"}
)
"""What an address must not have: it names files to read or to send, or follows redirections."""
