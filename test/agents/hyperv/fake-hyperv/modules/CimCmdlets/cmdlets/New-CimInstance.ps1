# Stands in for New-CimInstance -ClientOnly: an instance that is nowhere but in memory.
function New-CimInstance {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'ClassNameComputerSet', SupportsShouldProcess = $true)]
    param(
        [Parameter(ParameterSetName = 'CimClassComputerSet', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimClass')][psobject]$CimClass,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string]$ClassName,
        [Parameter(ParameterSetName = 'ClassNameComputerSet')]
        [Parameter(ParameterSetName = 'CimClassComputerSet')]
        [Alias('Local')][switch]$ClientOnly,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName = $true)]
        [string]$Namespace,
        [Parameter(Position = 1, ValueFromPipelineByPropertyName = $true)]
        [Alias('Arguments')][System.Collections.IDictionary]$Property
    )
    process {
        if (-not $PSCmdlet.ShouldProcess('CimInstance')) { return }
        Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if (-not $ClientOnly) { Deny-FakeCim -Code '0x80041024' -Message 'Diese Klasse erlaubt kein Anlegen.' }
            $name = if ($null -ne $CimClass) { $CimClass.CimClassName } else { $ClassName }
            if ($null -eq (Get-FakeCimTable -World $World -Class $name)) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
            $map = [ordered]@{}
            if ($null -ne $Property) { foreach ($key in $Property.Keys) { $map[$key] = $Property[$key] } }
            ConvertTo-FakeCim -Class $name -Namespace 'root/virtualization/v2' -Property $map
        }
    }
}
