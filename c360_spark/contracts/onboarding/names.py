"""Dictionaries of property names as many systems spell them, with the silver columns they usually map to."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

# Prefixes that do not change the meaning: billing_city is a city.
PREFIXES = frozenset(
    "customer user contact client person profile billing shipping mailing home primary main traits attributes "
    "properties context requester caller subject recipient subscriber member account buyer lead item line lineitem "
    "product data default address personal private mobile kunde kunden rechnung".split()
)

# Letters that Unicode does not decompose into a base letter and an accent.
LETTERS = str.maketrans({"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "ł": "l", "Ł": "L"})

Words = Mapping[str, Sequence[str]]

PERSON: Words = {
    "given_name": "givenname firstname fname forename vorname prenom nombre first givennames".split(),
    "family_name": "familyname lastname lname surname nachname nom apellido apellidos last".split(),
    "birth_date": (
        "birthdate dateofbirth dob birthday geburtsdatum gebdatum gebdat geburtstag datenaissance "
        "datedenaissance fechanacimiento fechadenacimiento"
    ).split(),
    "email": "email emailaddress mail mailaddress emailadresse correo courriel".split(),
    "phone": (
        "phone phonenumber telephone tel mobilephone mobile mobilenumber cell cellphone msisdn telefon handy "
        "telefonnummer callernumber ani telefono mobilephonenumber cellphonenumber handynummer"
    ).split(),
    "street": (
        "street streetaddress addressline1 address1 line1 strasse strassenr strassehausnummer street1 rue calle"
    ).split(),
    "city": "city town locality ort stadt ville ciudad".split(),
    "postcode": "postcode postalcode zippostalcode zip zipcode plz postleitzahl codepostal codigopostal".split(),
    "country": (
        "country countrycode countryiso iso2 land landcode pays pais countryregion countryname cc nation"
    ).split(),
}
CREATED = (
    "createdat createddate created createdon createtime createdate datecreatedgmt datecreated signupdate registeredat "
    "registrationdate enrolledon optintime confirmtime subscribedat "
    "enrolledat joinedon joinedat membersince firstseenat firstseen erstelltam"
).split()
UPDATED = (
    "updatedat lastmodifieddate lastmodified modifiedat modified lastupdated lastupdatedat updated updatedon changedat "
    "lastupdate updatetime geaendertam geandertam datemodifiedgmt datemodified modifydate modifieddate "
    "lastchanged changed systemmodstamp lastactivityat"
).split()
ORDER_ID = (
    "orderid orderno ordernumber ordername order bestellnummer transactionid receiptno receiptid receiptnumber bonnr "
    "purchaseid number"
).split()
ORDERED = (
    "orderedat orderdate ordertime purchasedate purchasedat placedat soldat receipttime transactiontime "
    "transactiondate bestelldatum datecreatedgmt createdgmt createdat created datecreated processedat timestamp "
    "datetime date"
).split()
STATUS = "status state orderstatus financialstatus paymentstatus ticketstatus casestatus outcome".split()
CHANNEL = "channel saleschannel ordersource via medium kanal".split()

COLUMNS: dict[str, Words] = {
    "profile_record": {
        **PERSON,
        "loyalty_tier": "tier loyaltytier loyaltylevel membershiplevel cardlevel stufe".split(),
        "loyalty_points": "points loyaltypoints pointsbalance balance punkte".split(),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    "event": {
        "event_name": (
            "eventname event eventtype action activity activitytype conversionname conversionaction type name ereignis"
        ).split(),
        "occurred_at": (
            "occurredat eventtime eventtimestamp timestamp ts time originaltimestamp conversiontime clienttime "
            "timemicros at datetime sentat createdat created eventdate date"
        ).split(),
        "channel": CHANNEL,
        "country": PERSON["country"],
        "properties.page_url": "pageurl pagelocation locationhref".split(),  # as the shipped vocabulary calls it
    },
    "order": {
        "order_id": [*ORDER_ID, "id"],
        "ordered_at": ORDERED,
        "status": STATUS,
        "channel": CHANNEL,
        "currency": "currency currencycode waehrung wahrung".split(),
        "total_minor": (
            "totalcents total totalprice totalamount ordertotal grandtotal amount amountcents totalpaid summe "
            "gesamtbetrag"
        ).split(),
        "country": PERSON["country"],
    },
    "order_line": {
        "order_id": ORDER_ID,
        "ordered_at": ORDERED,
        "sku": (
            "sku article articleno articlenumber itemno productid productcode ean gtin artikelnummer variantid"
        ).split(),
        "quantity": "quantity qty pieces units menge anzahl count".split(),
        "currency": "currency currencycode waehrung wahrung".split(),
        "unit_price_minor": "unitpricecents unitprice price pricecents itemprice einzelpreis".split(),
        "amount_minor": "amountcents linetotal lineamount amount total netamount netsales betrag".split(),
        "country": PERSON["country"],
    },
    "support_case": {
        "opened_at": (
            "openedat opened createdat created createddate starttime startedat callstart callstartedat startat "
            "timestamp date"
        ).split(),
        "channel": CHANNEL,
        "subject": "subject title topic reason callreason summary betreff category".split(),
        "priority": "priority urgency severity prioritaet".split(),
        "status": STATUS,
        "country": PERSON["country"],
    },
    "consent": {
        "purpose": "purpose purposename purposeid consentpurpose topic zweck".split(),
        "status": "status consentstatus consent state granted optin decision choice transactiontype".split(),
        "jurisdiction": "jurisdiction law regulation".split(),
        "collection_source": "collectionsource collectionpoint source capturesource origin form".split(),
        "effective_from": (
            "effectivefrom effectiveat consentdate consentedat givenat validfrom interactiondate timestamp decidedat "
            "updatedat createdat date"
        ).split(),
        "country": PERSON["country"],
    },
}
CDP_PROFILE_ID = "profileid canonicalid cdpid segmentid unifiedid goldenid id".split()
COLUMNS["cdp_profile"] = {
    "profile_id": CDP_PROFILE_ID,
    "status": "status profilestatus mergestatus".split(),
    **COLUMNS["profile_record"],
}

# Names of the primary key of each table, most certain first.
KEYS: dict[str, Sequence[str]] = {
    "profile_record": (
        "id rowid row recid uniqueid uid "
        "recordid contactid memberno membernumber memberid profileid personid customerid userid euid uniqueemailid "
        "subscriberid leid customerno customernumber custid kundennummer kundennr kundenid clientno clientnumber "
        "clientid"
    ).split(),
    "cdp_profile": CDP_PROFILE_ID,
    "event": "eventid messageid insertid eventuuid conversionid activityid uuid id".split(),
    "order": [*ORDER_ID, "id"],
    "order_line": "lineid orderlineid id".split(),
    "support_case": "caseid ticketid ticketno casenumber callid conversationid incidentid id".split(),
    "consent": "statementid consentid receiptid transactionid eventid id".split(),
}
# Words in the name of a source or dataset that holds profiles of a customer data platform.
CDPS = frozenset("cdp segment rudderstack mparticle tealium lytics amperity bloomreach treasuredata".split())
LINE_NO = "lineno line linenumber position pos itemno lineposition receiptline".split()

# Numbers that a state gives to persons.
NATIONAL_ID = (
    "nationalid nationalidno nationalidnumber nationalinsurancenumber nino ssn socsecid socialsecurityno "
    "socialsecuritynumber personnummer personalid personalno personalnumber taxid tin steuerid steuernummer nif dni "
    "nie cpf curp bsn nir insee pesel codicefiscale idcardno idcardnumber passport passportno passportnumber"
).split()

# Spellings of identifiers in other systems, by the last part of our namespace's name.
NAMESPACES: Words = {
    "email": PERSON["email"],
    "phone": PERSON["phone"],
    "customer_id": "customerid customerno customernumber custid crmid kundennummer kundennr clientnumber".split(),
    "account_id": "userid loginid shopuserid".split(),
    "member_no": (
        "memberno memberid membernumber membershipno membershipnumber loyaltynumber loyaltyid loyaltycard cardno "
        "cardnumber"
    ).split(),
    "device_id": "deviceid installationid installid vendorid idfv androidid".split(),
    "national_id": NATIONAL_ID,
    "cookie_id": "cookieid anonymousid visitorid clientid browserid gacid userpseudoid pseudoid".split(),
}
# Identifiers of persons for which conf/ may have no namespace yet.
OF_PEOPLE = frozenset(
    "contactid profileid personid customerid userid memberid memberno accountid gclid fbclid msclkid clickid idfa gaid "
    "adid advertisingid externalid subscriberid anonymousid deviceid cookieid visitorid googleclickid userpseudoid "
    "customer customerreferenceid".split()
) | frozenset(NATIONAL_ID)
DIRECT = frozenset(
    word for column in ("given_name", "family_name", "email", "phone", "street") for word in PERSON[column]
)
DIRECT |= frozenset(
    "name fullname displayname username agent agentname owner ownername assignee assignedto salesperson address "
    "postaladdress note notes comment comments message body transcript iban ssn passport taxid".split()
)
INDIRECT = frozenset(word for column in ("birth_date", "city", "postcode") for word in PERSON[column])
INDIRECT |= frozenset(
    "gender sex salutation age ip ipaddress useragent ua latitude longitude lat lng lon sessionid session "
    "birthyear subject referrer referer geburtsjahr identifier subjectvalue identifiervalue url pageurl".split()
)
# Ids shared by several persons. An account id identifies a person in a shop, but a company in a CRM.
OF_MANY = frozenset(
    "accountid account accountno accountnumber companyid company organizationid organisationid orgid parentid tenantid "
    "workspaceid teamid groupid householdid".split()
)
# An e-mail address or phone number with one of these words in its name is not that of the record's person.
OTHERS = frozenset(
    "owner agent assignee assigned salesperson rep manager creator author editor staff employee operator referrer "
    "referred parent partner supervisor merchant seller store shop branch company business organization organisation "
    "support created modified updated team besitzer betreuer".split()
)
# Things: a name of one of these is not a person's name.
THINGS = frozenset(
    "item line product article campaign event page screen app store shop company category channel plan "
    "conversion".split()
)
# Properties that get new values at any time, so a sample never shows all of them.
GROWING = frozenset(
    "version build campaign coupon voucher store shop branch screen page url host locale language model brand "
    "name title tag label segment event city carrier".split()
)
SUBJECT_TYPE = frozenset("subjecttype identifiertype idtype subjectkind".split())
SUBJECT_VALUE = frozenset("subjectvalue identifiervalue identifier subjectid subject value".split())


def tokens(path: Sequence[str]) -> list[str]:
    """The words of a name in any spelling: `mailingPostal Code` gives mailing, postal, code."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", " ".join(path))
    return [word.lower() for word in re.findall(r"[^\W_]+", _plain(text))]


def _plain(text: str) -> str:
    """A text without accents: `größe` gives `grosse`."""
    parts = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(part for part in parts if not unicodedata.combining(part))


def spellings(path: Sequence[str]) -> dict[str, float]:
    """Candidate spellings of a name for the dictionaries, without blanks, each with a confidence."""
    own, whole = tokens(path[-1:]), tokens(path)
    found = {"".join(whole): 0.95}
    found.setdefault("".join(own), 0.95)
    for words in (own, whole):
        for i, word in enumerate(words[:-1]):
            if word not in PREFIXES:
                break
            found.setdefault("".join(words[i + 1 :]), 0.85)
    return found


def known(path: Sequence[str], words: Sequence[str] | frozenset[str]) -> float:
    """The confidence that a name is one of `words`; 0 if it is none of them."""
    return max((sure for name, sure in spellings(path).items() if name in words), default=0.0)


def snake(path: Sequence[str]) -> str:
    """The last part of a path in snake_case, as silver names entries; `value` if it has no Latin letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", "_".join(tokens(path[-1:]))).strip("_") or "value"
