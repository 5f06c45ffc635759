"""Streets, cities, phone prefixes and mail domains per country; `_` stands for a blank inside a word."""

COUNTRIES = ("DE", "FR", "ES", "IT", "NL", "US")
EU_SHARES = (0.30, 0.22, 0.17, 0.18, 0.13)  # shares of the persons in the EU, in the order of COUNTRIES

# city:leading digits of its postcodes; larger cities are listed more than once
CITIES: dict[str, str] = {
    "DE": """
        Berlin:101 Berlin:104 Berlin:109 Berlin:120 Hamburg:200 Hamburg:203 Hamburg:225 München:803 München:805
        München:816 Köln:506 Köln:509 Frankfurt_am_Main:603 Frankfurt_am_Main:604 Stuttgart:701 Düsseldorf:402
        Leipzig:041 Dortmund:441 Essen:451 Bremen:281 Dresden:010 Hannover:301 Nürnberg:904 Freiburg_im_Breisgau:791
        Münster:481 Kiel:241
    """,
    "FR": """
        Paris:7500 Paris:7501 Paris:7501 Marseille:1300 Marseille:1301 Lyon:6900 Toulouse:310 Toulouse:313 Nice:060
        Nantes:440 Strasbourg:670 Montpellier:340 Bordeaux:330 Bordeaux:338 Lille:590 Rennes:350 Reims:511
        Saint-Étienne:420 Grenoble:380 Dijon:210 Angers:490 Nîmes:300 Clermont-Ferrand:630 Besançon:250
    """,
    "ES": """
        Madrid:2800 Madrid:2801 Madrid:2802 Madrid:2804 Barcelona:0800 Barcelona:0801 Barcelona:0802 Valencia:460
        Sevilla:410 Zaragoza:500 Málaga:290 Murcia:300 Palma:070 Bilbao:480 Alicante:030 Córdoba:140 Valladolid:470
        Vigo:362 Gijón:332 A_Coruña:150 Granada:180 San_Sebastián:200 Cádiz:110
    """,
    "IT": """
        Roma:0010 Roma:0015 Roma:0018 Milano:2012 Milano:2013 Milano:2014 Napoli:8012 Napoli:8014 Torino:1012
        Torino:1014 Palermo:901 Genova:161 Bologna:401 Firenze:501 Bari:701 Catania:951 Venezia:301 Verona:371
        Padova:351 Trieste:341 Brescia:251 Parma:431 Forlì:471 Cantù:220
    """,
    "NL": """
        Amsterdam:101 Amsterdam:105 Amsterdam:107 Rotterdam:301 Rotterdam:303 Den_Haag:251 Den_Haag:258 Utrecht:351
        Utrecht:358 Eindhoven:561 Groningen:971 Tilburg:503 Almere:131 Breda:481 Nijmegen:651 Arnhem:681 Haarlem:201
        Zwolle:801 Leiden:231 Maastricht:621 's-Hertogenbosch:521 Delft:261
    """,
    "US": """
        New_York:100 New_York:100 Brooklyn:112 Brooklyn:112 Los_Angeles:900 Los_Angeles:900 Chicago:606 Chicago:606
        Houston:770 Phoenix:850 Philadelphia:191 San_Antonio:782 San_Diego:921 Dallas:752 Austin:787 Jacksonville:322
        Columbus:432 Charlotte:282 Indianapolis:462 Seattle:981 Denver:802 Boston:021 Nashville:372 Portland:972
        Las_Vegas:891 Detroit:482 Memphis:381 Milwaukee:532 Albuquerque:871 Atlanta:303 Miami:331 Minneapolis:554
        St._Louis:631 Pittsburgh:152 Raleigh:276 San_José:951 Oakland:946 Tucson:857
    """,
}

STREETS: dict[str, str] = {
    "DE": """
        Hauptstraße Schulstraße Gartenstraße Bahnhofstraße Dorfstraße Bergstraße Birkenweg Lindenstraße Kirchstraße
        Waldstraße Ringstraße Schillerstraße Goethestraße Jahnstraße Amselweg Wiesenweg Feldstraße Rosenweg Mühlenweg
        Am_Sportplatz Buchenweg Mozartstraße Beethovenstraße Friedhofstraße Lerchenweg Ahornweg Tannenweg Blumenstraße
        Kastanienallee Am_Alten_Markt Gräfestraße Uhlandstraße
    """,
    "FR": """
        rue_de_l'Église place_de_l'Église Grande_Rue rue_du_Moulin place_de_la_Mairie rue_du_Château rue_des_Écoles
        rue_de_la_Gare rue_de_la_Mairie rue_Principale rue_du_Stade rue_de_la_Fontaine rue_Pasteur rue_des_Jardins
        rue_Victor_Hugo rue_Jean_Jaurès avenue_de_la_République boulevard_Voltaire rue_de_la_Paix allée_des_Tilleuls
        rue_des_Lilas chemin_des_Vignes rue_Émile_Zola avenue_Foch rue_Gambetta impasse_du_Four quai_de_Saône
        rue_Molière
    """,
    "ES": """
        Calle_Mayor Calle_Real Calle_de_la_Iglesia Calle_Nueva Calle_del_Sol Calle_de_Alcalá
        Avenida_de_la_Constitución Calle_San_José Plaza_de_España Calle_Cervantes Calle_Goya Calle_Velázquez
        Avenida_de_Andalucía Paseo_del_Prado Calle_del_Carmen Calle_San_Juan Calle_de_la_Fuente Calle_Colón
        Calle_Miguel_Hernández Ronda_de_Sant_Pere Carrer_de_Mallorca Calle_Aragón Calle_Larios Avenida_Diagonal
        Calle_Uría Gran_Vía Calle_Betis Calle_Sierpes
    """,
    "IT": """
        Via_Roma Via_Garibaldi Via_Marconi Via_Mazzini Via_Dante Via_Cavour Via_Verdi Corso_Italia Via_Matteotti
        Via_Gramsci Piazza_San_Marco Via_XX_Settembre Via_dei_Mille Via_Leopardi Via_Manzoni Via_Volta Viale_Europa
        Via_Galilei Via_Kennedy Via_della_Libertà Corso_Vittorio_Emanuele Via_Nazionale Via_Puccini Via_Michelangelo
        Vicolo_del_Forno Via_Santa_Lucia Largo_Augusto Via_Tiburtina
    """,
    "NL": """
        Kerkstraat Schoolstraat Molenstraat Dorpsstraat Molenweg Nieuwstraat Parallelweg Stationsstraat Julianastraat
        Beatrixstraat Wilhelminastraat Marktstraat Eikenlaan Beukenlaan Lindelaan Industrieweg Prinsengracht
        Hoofdstraat Rozenstraat Tulpstraat De_Ruyterstraat Vondelstraat Rembrandtlaan Burgemeester_de_Vlugtlaan
        Korte_Dijk Oude_Gracht Zuiderzeeweg Meidoornlaan
    """,
    "US": """
        Main_St Oak_Ave Maple_St Cedar_Ln Pine_St Elm_St Washington_Ave Lake_Dr Hill_Rd Park_Ave Walnut_St 2nd_St
        5th_Ave Sunset_Blvd Lincoln_Ave Church_St Willow_Way Jackson_St River_Rd Highland_Ave Meadow_Ln Ridge_Rd
        Spring_St N_Franklin_St W_42nd_St Magnolia_Dr Dogwood_Ct Country_Club_Rd S_Broadway Mission_St Adams_St
        Birch_Ct
    """,
}

MAIL_HOSTS: dict[str, str] = {
    "DE": "gmail.com gmx.de web.de t-online.de outlook.de freenet.de",
    "FR": "gmail.com orange.fr free.fr hotmail.fr laposte.net sfr.fr",
    "ES": "gmail.com hotmail.es yahoo.es outlook.es telefonica.net",
    "IT": "gmail.com libero.it virgilio.it hotmail.it tiscali.it",
    "NL": "gmail.com hotmail.nl ziggo.nl kpnmail.nl outlook.nl xs4all.nl",
    "US": "gmail.com yahoo.com outlook.com icloud.com hotmail.com aol.com comcast.net",
}
FAMILY_MAIL = {"DE": "familie.", "FR": "famille.", "ES": "familia.", "IT": "famiglia.", "NL": "fam.", "US": "the."}

DIAL = {"DE": "49", "FR": "33", "ES": "34", "IT": "39", "NL": "31", "US": "1"}
TRUNK = {"DE": "0", "FR": "0", "ES": "", "IT": "", "NL": "0", "US": ""}  # national trunk prefix
# leading digits; seven more follow, which gives a number of valid length in each country
MOBILE: dict[str, str] = {
    "DE": "170 171 172 173 174 175 177 178 179 160 162 163",
    "FR": "60 61 62 63 64 65 66 67 68 76 77 78",
    "ES": "60 61 62 63 64 65 66 67 69",
    "IT": "320 328 329 333 334 338 339 340 347 348 349 366",
    "NL": "61 62 63 64 65",
    "US": "212 718 213 310 312 713 602 215 210 619 214 512 904 614 704 206 303 617 615 503 702 313 404 305 612 412",
}
LANDLINE: dict[str, str] = {
    "DE": "30 40 89 221 69 711 211 341 231 511",
    "FR": "14 49 47 56 24 38 32 29",
    "ES": "91 93 96 95 94 98",
    "IT": "06 02 081 011 051 055",
    "NL": "20 10 70 30 40 50",
    "US": MOBILE["US"],
}
