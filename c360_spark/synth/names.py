"""Given and family names per country, most common first; `_` stands for a blank inside a name."""

GIVEN: dict[str, str] = {
    "DE": """
        Anna Thomas Sabine Michael Lena Andreas Julia Stefan Katharina Christian Laura Daniel Monika Peter Sarah Jan
        Claudia Markus Sophie Tobias Petra Martin Lea Lukas Birgit Jürgen Hannah Felix Renate Wolfgang Johanna
        Maximilian Kerstin Uwe Marie Jonas Heike Frank Franziska Philipp Susanne Klaus Emma Alexander Ursula Bernd
        Nina Florian Jörg Miriam Sebastian Ingrid Günther Charlotte Moritz Anja Holger Mia Leon Gisela Torsten Greta
        Björn Svenja Fabian Mareike Rainer Elke Paul Käthe Matthias Ayşe Emre Frieda Niklas Leonie Sören Steffi Till
        Jule Ole Meike Anton
    """,
    "FR": """
        Marie Jean Nathalie Pierre Camille Nicolas Isabelle Michel Léa Thomas Sylvie Philippe Manon Julien Catherine
        Alain Chloé Antoine Sandrine Éric Emma Alexandre Valérie Laurent Inès Maxime Stéphanie Frédéric Julie François
        Céline Sébastien Anne-Marie Olivier Aurélie Guillaume Mathilde Hugo Véronique Gérard Pauline Louis Hélène
        Christophe Zoé Lucas Élodie Jérôme Charlotte Benoît Margaux Arnaud Océane Théo Fatima Mohamed Lucie Gaëtan
        Amélie Rémi Noémie Jean-Pierre Juliette Raphaël Agathe Adrien Clémence Yannick Solène Quentin Maëlle Loïc
        Florence Damien Brigitte Bastien Apolline Cédric Jeanne Mathieu Élise Gaspard Louise Tristan
    """,
    "ES": """
        María Antonio Carmen José Lucía Manuel Ana Francisco Laura David Isabel Juan Marta Javier Cristina Daniel
        Paula Carlos Elena Jesús Sara Alejandro Pilar Miguel Raquel Rafael Andrea Pedro Rosa Pablo Sofía Ángel Alba
        Sergio Beatriz Fernando Teresa Jorge Inés Luis Silvia Alberto Patricia Álvaro Nuria Diego Claudia Adrián Rocío
        Raúl Mercedes Iván Irene Enrique Natalia Ramón Eva Óscar Begoña Rubén Marina Vicente Noelia Andrés Montserrat
        Joaquín Julia Íñigo Aitana Santiago Lorena Eduardo Candela Hugo Concepción Mateo Verónica Gonzalo Ainhoa Iker
        Yolanda José_Luis Vega Víctor
    """,
    "IT": """
        Maria Giuseppe Giulia Marco Anna Francesco Chiara Andrea Francesca Alessandro Sara Luca Laura Giovanni Martina
        Matteo Elena Antonio Valentina Davide Alessia Lorenzo Silvia Stefano Federica Roberto Paola Simone Elisa Paolo
        Giorgia Riccardo Rosa Mario Aurora Vincenzo Barbara Fabio Sofia Salvatore Roberta Luigi Ilaria Filippo Angela
        Massimo Claudia Pietro Serena Daniele Beatrice Giacomo Cristina Nicolò Monica Emanuele Marta Gabriele Teresa
        Diego Camilla Enrico Simona Tommaso Michela Edoardo Veronica Maurizio Arianna Claudio Lucia Sergio Caterina
        Gianluca Noemi Alberto Irene Domenico Viola Cesare Greta Leonardo Bianca Ettore
    """,
    "NL": """
        Emma Jan Anna Daan Sophie Pieter Julia Sem Lotte Johannes Sanne Lucas Femke Willem Lisa Thijs Anouk Bram
        Marieke Kees Eva Lars Ingrid Jeroen Fleur Ruben Maaike Sander Iris Niels Esther Hendrik Noor Tim Saskia
        Maarten Roos Jasper Wilma Koen Mila Stijn Annemarie Bas Tess Joost Linda Rik Yara Dirk Hanneke Gijs Eline
        Martijn Petra Luuk Nienke Wouter Corrie Floris Merel Arjen Carlijn Sjoerd Inge Mees Britt Gerrit Mirjam Teun
        Babette Rutger Zoë Siem Jolanda Youssef Loes Freek Amira Hugo Tineke Jelle Suzanne Casper
    """,
    "US": """
        Mary James Jennifer Robert Linda John Patricia Michael Elizabeth David Susan William Jessica Richard Sarah
        Joseph Karen Thomas Lisa Christopher Nancy Charles Sandra Daniel Betty Matthew Ashley Anthony Emily Mark
        Kimberly Donald Margaret Steven Donna Andrew Michelle Paul Carol Joshua Amanda Kenneth Melissa Kevin Deborah
        Brian Stephanie Timothy Rebecca Ronald Laura George Helen Jason Sharon Edward Cynthia Jeffrey Kathleen Ryan
        Amy Jacob Angela Nicholas Shirley Gary Anna Eric Brenda Jonathan Pamela Stephen Emma Larry Nicole Justin
        Samantha Scott Katherine Brandon Christine Benjamin Rachel Samuel Olivia Gregory Maria Alexander Heather
        Patrick Diane Frank Julie Raymond Victoria Jack Kelly Dennis Christina Jerry Ava Tyler Sophia Aaron Isabella
        Jose Mia Adam Charlotte Nathan Amelia Henry Evelyn Zachary Abigail Douglas Harper Peter Madison Kyle Grace
        Noah Chloe Ethan Zoë Jeremy Lily Christian Hannah Walter Natalie Keith Brooklyn Austin Leah Roger Aubrey Terry
        Savannah Sean Claire Gerald Skylar Carl Lucy Dylan Paisley Harold Everly Jordan Anaïs Jesse Caroline Bryan
        Nova Lawrence Genesis Arthur Renée Gabriel Kennedy Bruce Maya Logan Naomi Billy Aaliyah Joe Elena Alan Sadie
        Juan José Hailey Elijah Autumn Willie Quinn Albert Nevaeh Wayne Piper Randy Ruby Mason Serenity Vincent Willow
        Liam Everett Roy Cora Bobby Eva Caleb DeShawn Lakisha Malik Priya Wei Min-jun
    """,
}

FAMILY: dict[str, str] = {
    "DE": """
        Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein
        Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Schmitz Krause
        Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz
        Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann
        Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer
        Groß Seidel Heinrich Brandt Haas Schreiber Graf Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann
        Thomas Voigt Sauer Arnold Wolff Pfeiffer Yılmaz Kaya Nowak von_Hagen Strauß Lüdemann
    """,
    "FR": """
        Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David
        Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefèvre Faure André
        Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia Perrin Robin Clément Morin
        Nicolas Henry Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour
        Meunier Brun Blanchard Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard
        Schmitt Roy Leroux Colin Vidal Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe
        Bourgeois Pierre Benoît Rey Leclerc Payet Rolland Leclercq Guillaume Lecomte Benali Diallo De_La_Tour
        L'Hermitte
    """,
    "ES": """
        García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Hernández Ruiz Díaz
        Moreno Muñoz Álvarez Romero Gutiérrez Alonso Navarro Torres Domínguez Ramos Vázquez Ramírez Gil Serrano
        Morales Molina Blanco Suárez Castro Ortega Delgado Ortiz Marín Rubio Núñez Medina Sanz Castillo Iglesias
        Cortés Garrido Santos Guerrero Lozano Cano Cruz Méndez Flores Prieto Herrera Peña León Márquez Cabrera Gallego
        Calvo Vidal Campos Reyes Vega Fuentes Carrasco Díez Aguilar Caballero Nieto Santana Vargas Pascual Giménez
        Herrero Hidalgo Montero Lorenzo Santiago Benítez Durán Ibáñez Arias Mora Ferrer Carmona Vicente Rojas Soto
        Crespo Román Pastor Velasco Parra Sáez Moya Bravo Rivera Gallardo Soler Etxeberria Puig de_la_Fuente
    """,
    "IT": """
        Rossi Ferrari Russo Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Mancini Costa Giordano
        Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo
        Gentile Martinelli Vitale Lombardo Serra Coppola De_Santis D'Angelo Marchetti Parisi Villa Conte Ferraro Ferri
        Fabbri Bianco Marini Grasso Valentini Messina Sala De_Angelis Gatti Pellegrini Palumbo Sanna Farina Rizzi
        Monti Cattaneo Morelli Amato Silvestri Mazza Testa Grassi Pellegrino Carbone Giuliani Benedetti Barone
        Rossetti Caputo Montanari Guerra Palmieri Bernardi Martino Fiore De_Rosa Ferretti Bellini Basile Riva Donati
        Piras Vitali Battaglia Sartori Neri Costantini Milani Pagano Ruggiero Sorrentino D'Amico Orlando Damico Negri
        Niccolò Pace Dell'Orto
    """,
    "NL": """
        de_Jong Jansen de_Vries van_den_Berg van_Dijk Bakker Janssen Visser Smit Meijer de_Boer Mulder de_Groot Bos
        Vos Peters Hendriks van_Leeuwen Dekker Brouwer de_Wit Dijkstra Smits de_Graaf van_der_Meer van_der_Linden Kok
        Jacobs de_Haan Vermeulen van_den_Heuvel van_der_Veen van_den_Broek de_Bruijn de_Bruin van_der_Heijden Schouten
        van_Beek Willems van_Vliet van_der_Ven Hoekstra Maas Verhoeven Koster van_Dam van_der_Wal Prins Blom Huisman
        Peeters de_Jonge Kuipers van_Veen Postma Kuiper Veenstra Kramer van_den_Brink Scholten van_Wijk Timmermans
        Groen Gerritsen van_der_Horst Martens Evers van_Dongen Bosch Boer Sanders Molenaar Jonker Verbeek Cornelissen
        Driessen Kuijpers Hermans van_Loon Wouters Bosman Hofman Bouwman van_Rijn Wolters van_Doorn Zijlstra Hoogland
        Haverkamp Vink Yıldız El_Idrissi Özdemir Bergsma Rijnders van_'t_Hof Coenen Sluis Terpstra Kooistra
    """,
    "US": """
        Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson
        Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis
        Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera
        Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart
        Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim
        Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo
        Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler
        Henderson Barnes Gonzales Fisher Vasquez Simmons Romero Jordan Patterson Alexander Hamilton Graham Reynolds
        Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford
        Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman
        Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon
        Muñoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice
        Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer
        Hawkins Arnold Pierce Vazquez Hansen Peters Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong
        Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston Matthews Peña Richards
        Contreras Willis Carpenter Lawrence Sandoval Guerrero George Chapman Rios Estrada Ortega Watkins Greene Nuñez
        Wheeler Valdez Harper Burke Larson Santiago Maldonado O'Brien O'Connor St._John
    """,
}
